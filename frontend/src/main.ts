import { mount } from 'svelte'
import App from './App.svelte'
import { takeToken } from './backend/platform'
import './style/base.css'

takeToken()

const target = document.getElementById('app')
if (target) mount(App, { target })
